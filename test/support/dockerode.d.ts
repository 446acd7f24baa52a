/** The parts of dockerode that the tests use; the package has no types of its own. */
declare module 'dockerode' {
  import type { Duplex, Readable, Writable } from 'node:stream'

  interface Exec {
    start(options: Readonly<Record<string, unknown>>): Promise<Duplex>
    inspect(): Promise<{ readonly ExitCode: number | null }>
  }

  interface Container {
    readonly id: string
    start(): Promise<unknown>
    attach(options: Readonly<Record<string, unknown>>): Promise<Duplex>
    exec(options: Readonly<Record<string, unknown>>): Promise<Exec>
    logs(options: Readonly<Record<string, unknown>> & { readonly follow: true }): Promise<Readable>
    wait(): Promise<{ readonly StatusCode: number }>
    inspect(): Promise<{ readonly State: { readonly Status: string } }>
    remove(options?: Readonly<Record<string, unknown>>): Promise<unknown>
  }

  export default class Docker {
    constructor(options: { readonly socketPath: string })
    readonly modem: {
      demuxStream(stream: Readable, stdout: Writable, stderr: Writable): void
      followProgress(
        stream: Readable,
        finished: (error: Error | null, output: readonly Readonly<Record<string, unknown>>[]) => void,
      ): void
    }
    ping(): Promise<Buffer>
    listContainers(options: Readonly<Record<string, unknown>>): Promise<readonly Readonly<Record<string, unknown>>[]>
    createContainer(options: Readonly<Record<string, unknown>>): Promise<Container>
    getContainer(id: string): Container
    importImage(file: Readable, options: Readonly<Record<string, unknown>>): Promise<Readable>
    buildImage(context: Readable, options: Readonly<Record<string, unknown>>): Promise<Readable>
    getImage(name: string): {
      inspect(): Promise<{ readonly RepoTags: readonly string[] }>
      remove(): Promise<unknown>
    }
    getEvents(options: Readonly<Record<string, unknown>>): Promise<Readable>
  }

  export type { Container }
}
