import { findProgram, freePort, named, onPort, type Place, startProgram } from './place.ts'

/**
 * A program of somebody's own, from `name=command`: words parted by spaces, in which {port} is where it must listen on
 * 127.0.0.1, {socket} the engine's socket and {folder} a folder for its files. Throws when there is no such name.
 */
export function peer(written: string): Place {
  const { name, argv } = named(written, '--peer')
  const [program = '', ...args] = argv
  return {
    name,
    ways: [name],
    about: `\`${argv.join(' ')}\``,
    missing: () => (program.includes('/') || findProgram(program) ? null : `there is no program ${program}`),
    async start({ folder, socket }) {
      const port = await freePort()
      const put = (word: string) =>
        word.replaceAll('{port}', `${port}`).replaceAll('{socket}', socket).replaceAll('{folder}', folder)
      const env = { BENCH_PORT: `${port}`, BENCH_SOCKET: socket }
      const running = await startProgram([program, ...args.map(put)], folder, port, env)
      return { ...running, ways: [{ name, target: onPort(port), headers: '' }] }
    },
  }
}
