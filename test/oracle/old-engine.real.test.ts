import { oracleTests } from './oracle.ts'

oracleTests('old', ['1.24', '1.30', '1.40', '1.41'], { created: 1200, started: 40 })
