import { ciRunTests } from './ci-run.ts'
import { useEngineAndGate } from './compare.ts'
import { flagTests } from './flags/flags.ts'

const parts = useEngineAndGate('modern', { ci: '{ extends: ci-run }', everyday: '{ extends: operator }' })
ciRunTests(parts, 'ci')
flagTests(parts, 'everyday', Number.POSITIVE_INFINITY)
