import type { Root } from './root.ts'

/** A group with everybody who is in it. */
export interface Group {
  readonly name: string
  readonly gid: number
  /** Names, sorted: those that /etc/group lists, and those whose primary group it is in /etc/passwd. */
  readonly members: readonly string[]
}

/** Reads the groups of a root's own files; other sources of accounts (LDAP, systemd-userdb) are not asked. */
export function readGroups(root: Root): readonly Group[] {
  return parseGroups(root.read('/etc/group') ?? '', root.read('/etc/passwd') ?? '')
}

/** The ids of a user by its name in a root's own /etc/passwd; null when it is not there. */
export function readUser(root: Root, name: string): { readonly uid: number; readonly gid: number } | null {
  const fields = fieldsOf(root.read('/etc/passwd') ?? '').find(([user]) => user === name)
  const [uid, gid] = [idOf(fields?.[2]), idOf(fields?.[3])]
  return uid === null || gid === null ? null : { uid, gid }
}

/** Reads group(5) and passwd(5). Lines without a numeric id are left out. */
export function parseGroups(groupText: string, passwdText: string): readonly Group[] {
  const users = fieldsOf(passwdText).flatMap(([name = '', , , gid]) => ({ name, gid: idOf(gid) }))
  return fieldsOf(groupText).flatMap(([name = '', , id, listed = '']) => {
    const gid = idOf(id)
    if (gid === null) return []
    const primary = users.filter((user) => user.gid === gid).map((user) => user.name)
    const members = new Set([...listed.split(',').map((one) => one.trim()), ...primary])
    members.delete('')
    return [{ name, gid, members: [...members].sort() }]
  })
}

function fieldsOf(text: string): string[][] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(':'))
}

function idOf(text: string | undefined): number | null {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : null
}
