import { describeAnswersOf } from './engines.ts'

describeAnswersOf('old')
