/** The engine's answer to ContainerExec is `{"Id":"<64 hexadecimal digits>"}`. */
const ANSWER_BYTES = 1024
const ID = /"Id"\s*:\s*"([0-9a-f]{64})"/

/** Reads the id of a new exec from the engine's answer as it passes: a function that takes each piece of it. */
export function createExecIdReader(found: (id: string) => void): (chunk: Buffer) => void {
  let text = ''
  return (chunk) => {
    if (text.length > ANSWER_BYTES) return
    text += chunk.toString('latin1')
    const id = ID.exec(text)?.[1]
    if (id === undefined) return
    text = ' '.repeat(ANSWER_BYTES + 1)
    found(id)
  }
}
