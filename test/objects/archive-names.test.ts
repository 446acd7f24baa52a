import { expect, test } from 'vitest'
import { imageArchiveRules } from '../../src/objects/images/archive-names.ts'
import { archive, entry, refusalOf, sent } from '../inspect/archive/archives.ts'

const holding = (name: string, body: string) =>
  archive(entry({ name }, Buffer.from(body).toString('latin1')), entry({ name: 'layer.tar' }, 'x'))

const namesOf = async (bytes: Buffer) => {
  let names: readonly string[] | null = null
  await sent(
    bytes,
    imageArchiveRules(async (references) => {
      names = references
    }),
  )
  return names
}

test.each([
  [
    'manifest.json',
    '[{"RepoTags":["a:1","b"]},{"RepoTags":null}]',
    ['docker.io/library/a:1', 'docker.io/library/b:latest'],
  ],
  ['repositories', '{"a":{"1":"x"},"repoTags":{"2":"y"}}', null],
  ['repositories', '{"a":{"1":"x"}}', ['docker.io/library/a:1']],
  [
    'index.json',
    '{"manifests":[{"annotations":{"io.containerd.image.name":"docker.io/library/a:1","x":"y"}}]}',
    ['docker.io/library/a:1'],
  ],
] as const)('%s %s says names', async (name, body, names) => {
  if (names === null)
    expect(
      await refusalOf(
        holding(name, body),
        imageArchiveRules(async () => {}),
      ),
    ).toContain('none')
  else expect(await namesOf(holding(name, body))).toEqual(names)
})

test.each([
  ['manifest.json', '[{"repoTags":["a:1"]}]'],
  ['manifest.json', '[{"RepoTags":["b:1"],"REPOTAGS":["a:1"]}]'],
  ['manifest.json', '[{"RepoTag\\u017f":["a:1"]}]'],
  ['index.json', '{"Manifests":[{"annotations":{"io.containerd.image.name":"a:1"}}]}'],
  ['index.json', '{"manifests":[{"Annotations":{"io.containerd.image.name":"a:1"}}]}'],
])('%s %s says names as Go reads it', async (name, body) => {
  expect(await namesOf(holding(name, body))).toContain('docker.io/library/a:1')
})
