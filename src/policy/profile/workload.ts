import type { WorkloadConfig } from '../../config/profile-schema.ts'
import { didYouMean } from '../../nearest.ts'
import { quoted } from '../../text.ts'
import { CAPABILITIES, normaliseCapability } from './capability.ts'
import { below, compileAll, compileEach, compileOne, type Place } from './compiler.ts'
import { compileDefaults, compileLimits } from './limits.ts'
import type { Pattern } from './pattern.ts'
import { parsePortRule } from './ports.ts'
import { normaliseSecurityOption } from './security-option.ts'
import type { DeviceRule, GpuRule, LabelRule, MountRule, WorkloadProfile } from './types.ts'

/** Compiles the part `workload` of a role. */
export function compileWorkload(config: WorkloadConfig, place: Place): WorkloadProfile {
  const at = (key: keyof WorkloadConfig) => below(place, key)
  const names = (key: 'runtimes' | 'sysctls' | 'logDrivers' | 'hostFields' | 'unknownFields') =>
    compileAll(config[key], 'name', at(key))
  warnUnlimited(config, place)
  return {
    images: compileAll(config.images, 'reference', at('images')),
    mounts: compileEach(config.mounts, at('mounts'), compileMount),
    volumes: config.volumes === undefined ? null : compileAll(config.volumes, 'name', at('volumes')),
    tmpfs: config.tmpfs === undefined ? null : { size: config.tmpfs.size, options: new Set(config.tmpfs.options) },
    networks: compileEach(config.networks, at('networks'), compileNetwork),
    capabilities: new Set(compileEach(config.capabilities, at('capabilities'), compileCapability)),
    devices: compileEach(config.devices, at('devices'), compileDevice),
    gpus: config.gpus === undefined ? null : compileGpus(config.gpus, at('gpus')),
    hostNamespaces: new Set(config.hostNamespaces),
    privileged: config.privileged ?? false,
    runtimes: names('runtimes'),
    securityOptions: compileEach(config.securityOptions, at('securityOptions'), compileSecurityOption),
    sysctls: names('sysctls'),
    ports: compileEach(config.ports, at('ports'), compilePort),
    user: config.user ?? null,
    logDrivers: names('logDrivers'),
    restart: new Set(config.restart),
    limits: compileLimits(config.limits),
    defaults: compileDefaults(config, at('defaults')),
    labels: config.labels === undefined ? null : compileLabels(config.labels, at('labels')),
    autoRemove: config.autoRemove ?? false,
    hostFields: names('hostFields'),
    unknownFields: names('unknownFields'),
  }
}

type Entry<Key extends keyof WorkloadConfig> = NonNullable<WorkloadConfig[Key]> extends (infer One)[] ? One : never

function compileMount({ source, readOnly, propagation }: Entry<'mounts'>, place: Place): MountRule | null {
  const pattern = compileOne(source, 'path', below(place, 'source'))
  return pattern === null ? null : { source: pattern, readOnly, propagation: new Set(propagation) }
}

function compileDevice({ path, permissions }: Entry<'devices'>, place: Place): DeviceRule | null {
  const pattern = compileOne(path, 'path', below(place, 'path'))
  return pattern === null ? null : { path: pattern, permissions: new Set(permissions) }
}

function compileGpus({ count, devices, drivers }: NonNullable<WorkloadConfig['gpus']>, place: Place): GpuRule {
  return {
    count: count ?? 0,
    devices: compileAll(devices, 'name', below(place, 'devices')),
    drivers: compileAll(drivers, 'name', below(place, 'drivers')),
  }
}

function compileLabels({ required, reserved }: NonNullable<WorkloadConfig['labels']>, place: Place): LabelRule {
  return {
    required: Object.entries(required ?? {}).flatMap(([name, text]) => {
      const value = compileOne(text, 'name', below(place, 'required', name))
      return value === null ? [] : [{ name, value }]
    }),
    reserved: compileAll(reserved, 'name', below(place, 'reserved')),
  }
}

/** The engine writes namespaces into the same field as networks; no pattern of networks speaks for them. */
function compileNetwork(text: string, place: Place): Pattern | null {
  if (text === 'host') {
    place.findings.problem(
      place.path,
      '"host" is no network but a namespace of the host: write hostNamespaces: [network]',
    )
    return null
  }
  if (text.includes(':')) {
    place.findings.problem(place.path, `${quoted(text, 80)} is no name of a network`)
    return null
  }
  return compileOne(text, 'name', place)
}

function compileCapability(text: string, { path, findings }: Place): string | null {
  const name = normaliseCapability(text)
  if (name === null) {
    const hint = didYouMean(text.replace(/^CAP_/i, ''), CAPABILITIES)
    findings.problem(path, `${quoted(text, 80)} is no Linux capability${hint}`)
  }
  return name
}

/** `systempaths` is the docker client's word for two other fields of the request. */
function compileSecurityOption(text: string, place: Place): Pattern | null {
  const written = text === 'systempaths=unconfined' || text.includes('*') || text.includes('${')
  const normal = written ? text : normaliseSecurityOption(text)
  if (normal === text) return compileOne(text, 'name', place)
  const what = `${quoted(text, 80)} is no security option`
  place.findings.problem(
    place.path,
    normal === null ? what : `${quoted(text, 80)} is read as ${quoted(normal, 80)}: write that`,
  )
  return null
}

function compilePort(text: string, { path, findings }: Place): WorkloadProfile['ports'][number] | null {
  const rule = parsePortRule(text)
  if (!('problem' in rule)) return rule
  findings.problem(path, rule.problem)
  return null
}

/** The engine has no limits of its own for these, so a role that says nothing gives the whole host. */
function warnUnlimited({ images, limits, defaults }: WorkloadConfig, place: Place): void {
  if (images === undefined || images.length === 0) return
  const open = (['memory', 'cpus', 'pids'] as const).filter(
    (key) => limits?.[key] === undefined && defaults?.[key] === undefined,
  )
  if (open.length === 0) return
  const what = `sets no ${open.join(', ')}, so a container may use all that the host has`
  place.findings.warn(place.path, `${what}; write limits: {${open[0]}: …}, a number or unlimited`, { atKey: true })
}
