import { oracleTests } from './oracle.ts'

oracleTests('modern', ['1.24', '1.41', '1.43', '1.44', '1.48', '1.51'], { created: 600, started: 20 })
