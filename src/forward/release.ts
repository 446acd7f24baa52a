/** Smaller ones cost the collector nothing worth having back. */
const LEAST_BYTES = 8 * 1024

/**
 * Gives the memory of a chunk back at once, where the chunk has it for itself. Nothing may read the chunk afterwards: it is
 * empty then. So this is for the callback of a socket's write, when the bytes are with the kernel.
 *
 * Each read of a client's connection makes an ArrayBuffer of up to 64 KiB. Left to the collector, these made bulk streams
 * slow: V8 counts them as old, and from Node 24 on began a full collection for every 48 MB, which took more time than all
 * the rest. Given back, the same memory is used for the next read, still in the processor's cache.
 */
export function release(chunk: Buffer): void {
  const { buffer, byteLength } = chunk
  if (byteLength < LEAST_BYTES || byteLength !== buffer.byteLength) return
  try {
    // ES2024: what is not moved on is freed. The type allows shared memory, which no socket reads into.
    ;(buffer as ArrayBuffer).transfer(0)
  } catch {
    // Some cannot be taken away, such as Node's pool for small buffers: they are nobody's own.
  }
}
