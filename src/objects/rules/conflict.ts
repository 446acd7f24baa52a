import { type OwnedRequest, send } from '../request.ts'
import type { Errand, Reshaping } from '../types.ts'

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
