/** Linux's largest user id that the engine takes. */
const LARGEST_UID = 2 ** 31 - 1

/**
 * Whether a user of the Engine API (`user[:group]`) is root: none at all (the image's own, which is root in most), a zero
 * in any spelling, or the name `root` in any case. A name may be root without saying so: see `mayBeRoot`.
 */
export function isRootUser(user: string): boolean {
  const name = nameOf(user)
  return name === '' || name.toLowerCase() === 'root' || /^[+-]?0+$/.test(name)
}

/**
 * Whether a user of the Engine API could be root. Only a number proves that it is not: the engine takes it as the user's
 * id whatever the image says, while the id of a name stands in the image's `/etc/passwd`, which its author wrote.
 */
export function mayBeRoot(user: string): boolean {
  const name = nameOf(user)
  if (!/^[0-9]{1,10}$/.test(name)) return true
  const id = Number(name)
  return id === 0 || id > LARGEST_UID
}

/** The engine takes what stands before the first colon, unchanged. */
function nameOf(user: string): string {
  const colon = user.indexOf(':')
  return colon < 0 ? user : user.slice(0, colon)
}
