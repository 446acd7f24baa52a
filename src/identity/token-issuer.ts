import type { JWTVerifyGetKey } from 'jose'
import type { JwtIssuerConfig } from '../config/schema.ts'

/** A configured issuer of tokens, with the function that finds its keys. */
export interface TokenIssuer {
  readonly name: string
  readonly jwt: JwtIssuerConfig
  readonly keys: JWTVerifyGetKey
}
