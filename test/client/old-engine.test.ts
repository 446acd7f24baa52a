import { bulkTests } from './bulk.ts'
import { compareThemes, useEngineAndGate } from './compare.ts'
import { leakTests } from './leaks.ts'
import { containers } from './steps/containers.ts'
import { engine } from './steps/engine.ts'
import { images } from './steps/images.ts'
import { networks } from './steps/networks.ts'
import { compose1, curl, python } from './steps/others.ts'
import { run } from './steps/run.ts'
import { streams } from './steps/streams.ts'

const parts = useEngineAndGate('old')
const themes = [engine, run, containers, streams, images, networks, curl, python, compose1]
compareThemes(parts, themes, ['tcp+token', 'tls+token', 'mtls'])
bulkTests(parts, { run: ['tcp+token', 'mtls'], exec: ['tls+token'] })
leakTests(parts)
