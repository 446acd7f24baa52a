import { useEngineAndGate } from '../client/compare.ts'
import { buildkit, compose } from '../client/steps/buildkit.ts'
import { throughLocalSocket } from './through.ts'

// buildx sends no header of its own: with the local socket, a token is enough for BuildKit.
throughLocalSocket(useEngineAndGate('modern'), [buildkit, compose])
