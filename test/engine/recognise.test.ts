import { describe, expect, it } from 'vitest'
import { OPERATIONS } from '../../src/engine/operations.ts'
import { recognise } from '../../src/engine/recognise.ts'
import { EXAMPLES, exampleOf, ID, outcome, refusal } from './examples.ts'

describe.each(EXAMPLES)('%s', (id, spec, path) => {
  it('is recognised, with its path parameters, and sent on as it came', () => {
    const operation = recognise(spec.method, `/v1.41${path}`)
    expect(operation.spec).toBe(spec)
    expect(operation.apiVersion).toBe('1.41')
    expect(operation.target).toBe(`/v1.41${path}`)
    for (const [name, value] of Object.entries(operation.params)) {
      expect(value).toBe(spec.id === 'SystemOptions' ? 'heap' : exampleOf(spec, name))
    }
    expect(Object.keys(operation.params)).toHaveLength(spec.path.split('{').length - 1)
  })

  it('T3 is the same operation without a version', () => {
    const operation = recognise(spec.method, path)
    expect([operation.spec.id, operation.apiVersion, operation.target]).toEqual([id, null, path])
  })

  it('T11 is not recognised when its method is in lower case', () => {
    expect(outcome(spec.method.toLowerCase(), path)).not.toBe(id)
  })
})

describe('path parameters', () => {
  it('are properties of an object that inherits nothing', () => {
    expect(Object.getPrototypeOf(recognise('GET', '/containers/a/json').params)).toBeNull()
    expect(Object.getPrototypeOf(recognise('GET', '/info').params)).toBeNull()
  })

  it.each([
    ['GET', '/images/json/json', 'ImageInspect', { name: 'json' }],
    ['GET', '/images/a/json/json', 'ImageInspect', { name: 'a/json' }],
    ['GET', '/images/get/get', 'ImageGet', { name: 'get' }],
    ['GET', '/images/search/history', 'ImageHistory', { name: 'search' }],
    ['POST', '/images/push/push', 'ImagePush', { name: 'push' }],
    ['DELETE', '/images/prune', 'ImageDelete', { name: 'prune' }],
    ['GET', '/containers/json/json', 'ContainerInspect', { id: 'json' }],
    ['DELETE', '/containers/create', 'ContainerDelete', { id: 'create' }],
    ['GET', '/networks/create', 'NetworkInspect', { id: 'create' }],
    ['POST', '/networks/prune/connect', 'NetworkConnect', { id: 'prune' }],
    ['POST', '/networks/a/connect/connect', 'NetworkConnect', { id: 'a/connect' }],
    ['GET', '/plugins/privileges/json', 'PluginInspect', { name: 'privileges' }],
    ['GET', '/plugins/a/b', 'PluginInspectLegacy', { name: 'a/b' }],
    ['GET', '/services/create', 'ServiceInspect', { id: 'create' }],
    ['GET', `/exec/${ID}/json`, 'ExecInspect', { id: ID }],
    ['OPTIONS', '/v1.41/no/such:thing', 'SystemOptions', { anyroute: 'no/such:thing' }],
  ])('%s %s is %s', (method, target, id, params) => {
    const operation = recognise(method, target)
    expect(operation.spec.id).toBe(id)
    expect({ ...operation.params }).toEqual(params)
  })

  it.each([
    ['GET', '/images/json', 'ImageList'],
    ['GET', '/images/get', 'ImageGetAll'],
    ['GET', '/images/search', 'ImageSearch'],
    ['GET', '/plugins/privileges', 'GetPluginPrivileges'],
    ['POST', '/containers/create', 'ContainerCreate'],
    ['POST', '/containers/prune', 'ContainerPrune'],
    ['GET', '/networks/', 'NetworkListSlash'],
    ['GET', '/debug/pprof/', 'DebugPprofIndex'],
    ['GET', '/debug/pprof/trace', 'DebugPprofTrace'],
  ])('%s %s is %s, the literal before the parameter', (method, target, id) => {
    expect(recognise(method, target).spec.id).toBe(id)
  })

  it('are decoded and encoded again in one spelling', () => {
    const operation = recognise('GET', '/networks/caf%c3%a9%20b%3ac%40d%21')
    expect(operation.params.id).toBe('café b:c@d!')
    expect(operation.target).toBe('/networks/caf%C3%A9%20b:c@d%21')
  })

  it('may hold encoded slashes where they may hold slashes', () => {
    const operation = recognise('GET', '/v1.44/images/registry.acme.io%2fteam%2Fapp%3A1%40sha256:ab/json')
    expect(operation.params.name).toBe('registry.acme.io/team/app:1@sha256:ab')
    expect(operation.target).toBe('/v1.44/images/registry.acme.io/team/app:1@sha256:ab/json')
  })

  it.each([
    ['GET', '/containers/a%2Fb/json'],
    ['GET', '/containers%2Fjson'],
    ['GET', '/images/a%2Fjson'],
    ['GET', '/images%2Fa/json'],
    ['GET', '/plugins/a%2Fjson'],
    ['POST', '/networks/a%2Fconnect'],
    ['GET', '/volumes/a%2Fb'],
    ['DELETE', '/containers/a%2Fcheckpoints%2Fb'],
    ['OPTIONS', '/v1.41%2Finfo'],
    ['GET', '/images/%2Fa/json'],
    ['GET', '/images/a%2F/json'],
    ['GET', '/images/a%2F..%2Fb/json'],
    ['DELETE', '/networks/%2F'],
  ])('%s %s is refused: an encoded slash may not stand for the border of a parameter', (method, target) => {
    expect(outcome(method, target)).not.toMatch(/^[A-Z]/)
  })

  it('of a name that no object can have are not found, which lets docker inspect go on to images', () => {
    expect(refusal('GET', '/v1.51/containers/alpine:latest/json')).toEqual({
      reason: 'operation-unknown',
      message: 'ContainerInspect: no container can be called "alpine:latest"',
    })
    expect(outcome('GET', '/v1.51/containers/registry.acme.io/app/json')).toBe('operation-unknown')
    expect(outcome('GET', '/v1.51/volumes/registry.acme.io/app:1')).toBe('operation-unknown')
    expect(outcome('POST', `/exec/${ID.slice(1)}/start`)).toBe('operation-unknown')
    expect(outcome('GET', '/networks/a%00')).toBe('target-malformed')
    expect(outcome('GET', '/networks/a%E2%80%AEb')).toBe('operation-unknown')
  })

  it('have at most 1024 characters', () => {
    expect(outcome('GET', `/images/${'a'.repeat(1024)}/json`)).toBe('ImageInspect')
    expect(outcome('GET', `/images/${'a'.repeat(1025)}/json`)).toBe('target-malformed')
  })
})

describe('a class that depends on the request', () => {
  it.each([
    ['POST', '/v1.41/containers/a/attach?stdin=1', 'exec'],
    ['POST', '/v1.41/containers/a/attach?stdin=oui', 'exec'],
    ['POST', '/v1.41/containers/a/attach?stdin=%EF%BB%BF', 'exec'],
    ['POST', '/v1.41/containers/a/attach?st%64in=true', 'exec'],
    ['POST', '/v1.41/containers/a/attach?stdin=False&stdout=1', 'read-sensitive'],
    ['POST', '/containers/a/attach?stdout=1&stream=1', 'read-sensitive'],
    ['GET', '/v1.42/containers/a/attach/ws', 'read-sensitive'],
    ['GET', '/v1.42/containers/a/attach/ws?stdin=1', 'exec'],
    ['GET', '/v1.41/containers/a/attach/ws', 'exec'],
    ['GET', '/v1.100/containers/a/attach/ws', 'read-sensitive'],
    ['GET', '/containers/a/attach/ws', 'exec'],
  ])('%s %s is %s', (method, target, access) => {
    const operation = recognise(method, target)
    expect(operation.access).toBe(access)
    expect(operation.elevated).toBe(access === 'exec')
  })

  it('T8 is not told by the method: reading contents by GET is read-sensitive', () => {
    for (const target of ['archive?path=/', 'export', 'logs', 'top']) {
      expect(recognise('GET', `/containers/a/${target}`).access).toBe('read-sensitive')
    }
    expect(recognise('GET', '/images/get?names=a').access).toBe('read-sensitive')
    expect(recognise('HEAD', '/containers/a/archive?path=/').access).toBe('read-sensitive')
  })

  it('T10 makes the creation of an exec under /containers exec', () => {
    expect(recognise('POST', '/containers/a/exec').access).toBe('exec')
  })

  it('leaves what only HTTP/2 carries recognised as such', () => {
    const operation = recognise('POST', '/moby.buildkit.v1.Control/Solve')
    expect([operation.spec.id, operation.spec.carried]).toEqual(['GrpcBuildkitControl', false])
    expect(OPERATIONS.filter((spec) => !spec.carried)).toHaveLength(4)
  })
})

describe('what was asked for before', () => {
  it('is read once, and nobody can change it for others', () => {
    const operation = recognise('GET', '/v1.47/containers/web/logs?follow=1&tail=5')
    expect(recognise('GET', '/v1.47/containers/web/logs?follow=1&tail=5')).toBe(operation)
    for (const part of [operation, operation.params, operation.query, ...operation.query]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
  })

  it('is told apart by method, version, name and query', () => {
    const all = [
      ['GET', '/containers/web/json'],
      ['GET', '/v1.47/containers/web/json'],
      ['GET', '/v1.46/containers/web/json'],
      ['GET', '/containers/other/json'],
      ['GET', '/containers/web/json?size=1'],
      ['DELETE', '/containers/web'],
    ] as const
    const read = () => all.map(([method, target]) => recognise(method, target))
    const first = read()
    expect(read()).toEqual(first)
    expect(new Set(first.map((operation) => JSON.stringify(operation))).size).toBe(all.length)
  })

  it.each([
    ['what may hold a secret', 'POST', '/build?buildargs=%7B%22TOKEN%22%3A%22hunter2%22%7D'],
    ['what is long', 'GET', `/containers/${'a'.repeat(250)}/json`],
  ])('is not kept: %s', (_what, method, target) => {
    expect(recognise(method, target)).toEqual(recognise(method, target))
    expect(recognise(method, target)).not.toBe(recognise(method, target))
  })
})
