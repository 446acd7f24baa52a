import { expect, it } from 'vitest'
import type { OperationId } from '../../src/engine/operations.ts'
import { OPERATION_BY_ID } from '../../src/engine/operations.ts'
import { contentType } from '../../src/inspect/media.ts'

const spec = (id: OperationId) => {
  const found = OPERATION_BY_ID.get(id)
  if (found === undefined) throw new Error(id)
  return found
}

it.each(['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'Multipart/Mixed', 'multipart/x-new'])(
  'T26 refuses the form type %s on every kind of body',
  (type) => {
    for (const id of ['ContainerCreate', 'ImageBuild', 'PluginCreate'] as const) {
      expect(() => contentType(spec(id), type, null)).toThrow(expect.objectContaining({ reason: 'content-type' }))
    }
  },
)

it.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', null])(
  'T36 sends application/json whatever spelling of it the client chose (%s)',
  (type) => {
    expect(contentType(spec('ContainerCreate'), type, null)).toBe('application/json')
  },
)

it('refuses another media type on a JSON operation', () => {
  expect(() => contentType(spec('ContainerCreate'), 'text/plain', null)).toThrow(
    expect.objectContaining({ reason: 'content-type' }),
  )
})

it('takes a tar body under any type that is no form, since docker cp sends text/plain', () => {
  expect(contentType(spec('PutContainerArchive'), 'text/plain', null)).toBe('application/x-tar')
  expect(contentType(spec('PutContainerArchive'), 'nonsense', null)).toBe('application/x-tar')
})

it('T37 refuses a Content-Encoding', () => {
  expect(() => contentType(spec('ContainerCreate'), 'application/json', 'gzip')).toThrow(
    expect.objectContaining({ reason: 'content-encoding' }),
  )
})
