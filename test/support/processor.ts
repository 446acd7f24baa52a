/**
 * The time in milliseconds that this process has had a processor for while it did this: what it costs, however many
 * others the machine is busy with.
 */
export function processorMs(act: () => void): number {
  const before = process.cpuUsage()
  act()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
