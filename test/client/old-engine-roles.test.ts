import { ciRunTests } from './ci-run.ts'
import { useEngineAndGate } from './compare.ts'
import { flagTests } from './flags/flags.ts'

const parts = useEngineAndGate('old', { ci: '{ extends: ci-run }', everyday: '{ extends: operator }' })
ciRunTests(parts, 'ci')
// The client tells either engine the same: one case a flag shows what this one makes of it.
flagTests(parts, 'everyday', 1)
