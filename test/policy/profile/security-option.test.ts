import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { normaliseSecurityOption } from '../../../src/policy/profile/security-option.ts'

describe('T71 normaliseSecurityOption', () => {
  it.each([
    ['seccomp=unconfined', 'seccomp=unconfined'],
    ['seccomp:unconfined', 'seccomp=unconfined'],
    ['seccomp={"a":"b=c"}', 'seccomp={"a":"b=c"}'],
    ['apparmor:docker-default', 'apparmor=docker-default'],
    ['label=type:svirt_t', 'label=type:svirt_t'],
    ['label:type=svirt_t', null],
    ['label:disable', 'label=disable'],
    ['disable', 'label=disable'],
    ['no-new-privileges', 'no-new-privileges=true'],
    ['no-new-privileges=1', 'no-new-privileges=true'],
    ['no-new-privileges:false', 'no-new-privileges=false'],
    ['no-new-privileges=F', 'no-new-privileges=false'],
    ['no-new-privileges=yes', null],
    ['no-new-privileges=', null],
    ['writable-cgroups', 'writable-cgroups=true'],
    ['writable-cgroups=false', 'writable-cgroups=false'],
    ['Seccomp=unconfined', null],
    ['seccomp', null],
    ['systempaths=unconfined', null],
    ['credentialspec=file://x', null],
    ['=x', null],
    ['', null],
  ])('reads %s as %s', (text, normal) => {
    expect(normaliseSecurityOption(text)).toBe(normal)
  })

  it('changes nothing the second time', () => {
    const options = fc
      .tuple(
        fc.constantFrom('seccomp', 'apparmor', 'label', 'no-new-privileges', 'writable-cgroups', 'disable', ''),
        fc.constantFrom('=', ':', ''),
        fc.oneof(fc.constantFrom('true', '0', 'unconfined', 'a=b:c'), fc.string()),
      )
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(options, (text) => {
        const normal = normaliseSecurityOption(text)
        if (normal !== null) expect(normaliseSecurityOption(normal)).toBe(normal)
      }),
    )
  })
})
