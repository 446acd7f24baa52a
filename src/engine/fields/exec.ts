import { boolean, harmless, integer, list, object, string, strings } from './make.ts'
import type { ParameterJudgements } from './types.ts'

const CONSOLE_SIZE = list(integer())

export const CONTAINER_EXEC = object(
  {
    Cmd: strings('exec.commands'),
    User: string('exec.users'),
    // All capabilities and no seccomp, in a container without them.
    Privileged: boolean('exec.privileged'),
    Env: strings('exec.environment'),
    WorkingDir: string(),
    AttachStdin: boolean(),
    AttachStdout: boolean(),
    AttachStderr: boolean(),
    Tty: boolean(),
    ConsoleSize: CONSOLE_SIZE,
    DetachKeys: string(),
    // Of no effect: start decides.
    Detach: boolean(),
  },
  {
    // docker-py.
    aliases: { detachKeys: 'DetachKeys' },
    // docker-py; docker-java 3 and Testcontainers on it. Both repeat the path's container.
    ignored: ['Container', 'containerId'],
  },
)

export const EXEC_START = object(
  { Detach: boolean(), Tty: boolean(), ConsoleSize: CONSOLE_SIZE },
  // dockerode's own options, which it writes into the body with the rest.
  { ignored: ['hijack', 'stdin'] },
)

export const EXEC_PARAMETERS = {
  ExecResize: { query: harmless('h', 'w') },
} as const satisfies Record<string, ParameterJudgements>
