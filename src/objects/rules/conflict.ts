import { type OwnedRequest, send, type World } from '../request.ts'
import type { Errand, Owner, Reshaping } from '../types.ts'

/** 20.10 to 29: `Conflict. The container name "/web" is already in use by container "<id>". You have to remove …`. */
const USER = /\bby container \\"([0-9a-f]{64})\\"/

/** The engine says by its id which container has a name: only of one's own. */
export function nameConflict(owner: Owner, { containers }: World): Reshaping {
  return {
    kind: 'whole',
    async change(bytes) {
      const text = bytes.toString('latin1')
      const id = USER.exec(text)?.[1]
      if (id === undefined || (await containers.ownerById(id)) === owner.key) return { status: 409, bytes }
      return { status: 409, bytes: Buffer.from(text.replace(USER, 'by another container'), 'latin1') }
    },
  }
}

/** Of ports: ` by service 'web' (<id>) as an ingress port`; of a network: ` by service <id>`. */
const BY_SERVICE = / by service (?:'[^']*' \()?([0-9a-z]{25})\)?/
/** Of secrets and configs: ` by the following services: web, db`. */
const BY_SERVICES = / by the following services?: ([\w.-]+(?:, [\w.-]+)*)/

/** The engine says which services keep it from doing something: only of one's own. */
export function hidingServices({ owner, world }: OwnedRequest, status: number): Reshaping & { readonly kind: 'whole' } {
  const isOwn = async (name: string) => (await world.lookup('service', name, owner)) !== null
  return {
    kind: 'whole',
    async change(bytes) {
      let text = bytes.toString('latin1')
      const id = BY_SERVICE.exec(text)?.[1]
      if (id !== undefined && !(await isOwn(id))) text = text.replace(BY_SERVICE, ' by another service')
      const names = BY_SERVICES.exec(text)?.[1]?.split(', ') ?? []
      for (const name of names) {
        if (await isOwn(name)) continue
        text = text.replace(BY_SERVICES, ' by another service')
        break
      }
      return { status, bytes: Buffer.from(text, 'latin1') }
    },
  }
}

/** What services may keep from being removed. */
export function withoutServices(request: OwnedRequest): Errand {
  return send(request.checked, (status) => (status < 400 ? null : hidingServices(request, status)))
}
