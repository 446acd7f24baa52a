import { describeAnswersOf } from './engines.ts'

describeAnswersOf('modern')
