import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe } from 'vitest'
import { temporaryDirectory } from '../support/docker-client.ts'
import { imageTests } from './image.ts'
import { packageTests } from './package.ts'
import { roleTests } from './role.ts'
import { unitTests } from './unit.ts'

const DEPLOY = path.join(import.meta.dirname, '../../deploy')

/** The package that everything else here is made from, built once. */
const folder = temporaryDirectory('deb')
const built = { folder: folder.path, file: '' }

beforeAll(async () => {
  const build = path.join(DEPLOY, 'debian/build')
  const { stdout } = await promisify(execFile)(build, ['--compress', 'gzip', '--out', folder.path])
  built.file = stdout.trim()
}, 300_000)
afterAll(() => folder.remove())

describe('the Debian package', () => packageTests(built))
describe('the systemd units', () => unitTests(built))
describe('the image', () => imageTests(built))
describe('the Ansible role', () => roleTests(built))
