import type { JwtIssuerConfig } from '../config/schema.ts'
import type { IssuerKeys } from './issuer-keys.ts'

/** A configured issuer of tokens, with its keys. */
export interface TokenIssuer {
  readonly name: string
  readonly jwt: JwtIssuerConfig
  readonly keys: IssuerKeys
}
