/** Which commands an exec may run: every one, or those that begin with one of these argument lists. */
export type CommandRule = 'any' | readonly (readonly string[])[]

/** Whether the command begins, argument by argument, with an allowed one. Arguments are compared whole and literally. */
export function allowsCommand(rule: CommandRule, command: readonly string[]): boolean {
  if (rule === 'any') return true
  return rule.some((prefix) => prefix.length > 0 && prefix.every((argument, index) => command[index] === argument))
}
