import { cleanPath } from '../../policy/profile/paths.ts'
import type { FieldValue } from '../fields.ts'
import { finding, listing, shown, unlessHostField } from './findings.ts'
import type { Finding, WorkloadContext, WorkloadJudge } from './types.ts'
import { items, lastName, member, textOf } from './values.ts'

/**
 * Device nodes by path. Of a directory the engine gives every device below, so one is allowed only where the role allows
 * all of that anyway. Rules of the device cgroup go by number, which says nothing of what the device is.
 */
export const judgeDevices: WorkloadJudge = (fields, context) =>
  fields.flatMap((field) =>
    lastName(field) === 'Devices'
      ? items(field).flatMap((device) => judge(device, context))
      : unlessHostField(field, shown(field.value), 'rules by number are not bounded by paths', context),
  )

function judge(
  device: FieldValue,
  { workload: { devices }, principal, hostPaths }: WorkloadContext,
): readonly Finding[] {
  const field = member(device, 'PathOnHost')
  const path = cleanPath(textOf(field))
  const refuse = (why: string) => [finding(field, shown(field.value), 'devices', why)]
  if (path === null) return refuse('it is no absolute path')
  const onHost = hostPaths === null ? { path, isDevice: true } : hostPaths(path)
  if (onHost === null) return refuse('where it leads on the host cannot be told')
  const fitting = devices.filter((rule) => [path, onHost.path].every((each) => rule.path.matches(each, principal)))
  if (fitting.length === 0) {
    const link = onHost.path === path ? '' : `; on the host it is ${shown(onHost.path)}`
    return refuse(
      `${listing(
        'devices',
        devices.map((rule) => rule.path),
      )}${link}`,
    )
  }
  const there = fitting.filter((rule) => onHost.isDevice || rule.path.text.endsWith('/**'))
  if (there.length === 0) {
    return refuse('no device node is there; a directory wants a path of the role that ends in /**')
  }
  const permissions = textOf(member(device, 'CgroupPermissions')) || 'rwm'
  if (there.some((rule) => allows(rule, permissions))) return []
  const permitted = there.map((rule) => [...rule.permissions].join('')).join(' or ')
  return [finding(member(device, 'CgroupPermissions'), shown(permissions), 'devices', `the role allows ${permitted}`)]
}

function allows({ permissions }: { readonly permissions: ReadonlySet<string> }, asked: string): boolean {
  return [...asked].every((permission) => permissions.has(permission))
}
