import { bulkTests } from './bulk.ts'
import { compareThemes, useEngineAndGate } from './compare.ts'
import { buildkit, compose } from './steps/buildkit.ts'
import { containers } from './steps/containers.ts'
import { engine } from './steps/engine.ts'
import { images } from './steps/images.ts'
import { networks } from './steps/networks.ts'
import { curl, python } from './steps/others.ts'
import { run } from './steps/run.ts'
import { streams } from './steps/streams.ts'

const parts = useEngineAndGate('modern')
const themes = [engine, run, containers, streams, images, networks, buildkit, compose, curl, python]
compareThemes(parts, themes, ['tls+token', 'mtls'], { inTurn: true })
bulkTests(parts, { run: ['tls+token'], exec: ['mtls'] })
