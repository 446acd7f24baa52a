/**
 * Access classes: what kind of power an operation gives, one class per operation. Roles list these words.
 * The meaning is shown by `dockgate check` and in the docs.
 */
export const ACCESS_CLASSES = {
  read: 'lists and facts: info, ps, images, inspect; environment variables of containers are in inspect',
  'read-sensitive': 'contents: logs, events, top, export, save, cp out, attach without stdin, swarm configs',
  create: 'make containers, networks, volumes, services, tags, commits',
  lifecycle: 'start, stop, kill, wait, rename, update, connect',
  delete: 'remove containers, images, networks, volumes, services',
  exec: 'run commands in containers, cp into them, attach with stdin',
  build: 'the classic builder',
  buildkit: 'BuildKit tunnels (/session, /grpc): opaque, all of BuildKit or nothing',
  transfer: 'pull, push, load and import images',
  admin: 'prune, swarm, nodes, plugins, registry logins, debugging: the host itself',
} as const

export type AccessClass = keyof typeof ACCESS_CLASSES
