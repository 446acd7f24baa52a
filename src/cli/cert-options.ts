import { InvalidArgumentError, Option } from 'commander'
import { AUTHORITY_DAYS } from '../pki/authority.ts'
import { KEY_KINDS } from '../pki/keys.ts'
import { STATE_FOLDER } from './paths.ts'

/** `--state`, which all commands about certificates have. */
export function stateOption(): Option {
  return new Option('--state <folder>', 'where the authority is kept').default(STATE_FOLDER)
}

/** `--key-type`, for fresh keys. */
export function keyTypeOption(): Option {
  const text = 'of the fresh key: p256 suits every client, ed25519 those made with Go or OpenSSL (default: "p256")'
  return new Option('--key-type <type>', text).choices(KEY_KINDS)
}

/** Reads a number of days. Throws InvalidArgumentError. */
export function readDays(text: string): number {
  const days = Number(text)
  if (Number.isInteger(days) && days >= 1 && days <= AUTHORITY_DAYS) return days
  throw new InvalidArgumentError(`write a whole number of days from 1 to ${AUTHORITY_DAYS}`)
}

/** Lets an argument be checked by a function that throws. Throws InvalidArgumentError with its message. */
export function checked(text: string, check: (text: string) => unknown): string {
  try {
    check(text)
    return text
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
  }
}
