/**
 * The closed list of reason codes: what a record, an error, a test and the docs call the cause of an outcome.
 * `status` is the HTTP status that a refusal with this reason carries; `summary` is for docs and people.
 */
export const REASONS = {
  allowed: { status: 200, summary: 'the role allows the operation' },

  'http-malformed': { status: 400, summary: 'the bytes are not an HTTP/1.1 request that this gate accepts' },
  'headers-too-large': { status: 431, summary: 'the request head is larger than the listener allows' },
  'headers-too-many': { status: 431, summary: 'the request has more header fields than the listener allows' },
  'headers-timeout': { status: 408, summary: 'the request head did not arrive in time' },
  'header-repeated': { status: 400, summary: 'a header field that may appear once appears several times' },
  'target-too-long': { status: 414, summary: 'the request target is longer than the listener allows' },
  'target-malformed': { status: 400, summary: 'the request target is not a canonical origin-form path and query' },
  'version-unsupported': {
    status: 400,
    summary: 'the API version is not one that this gate accepts (v1.24 and up, or none)',
  },
  'operation-unknown': { status: 404, summary: 'no Engine API operation has this method and path' },
  'operation-not-carried': {
    status: 501,
    summary: 'the operation needs HTTP/2 on the engine socket, which this gate never speaks',
  },
  'query-malformed': { status: 400, summary: 'the query string cannot be read without doubt' },
  'query-repeated': { status: 400, summary: 'a query parameter that may appear once appears several times' },
  'query-unknown': { status: 400, summary: 'the operation has no query parameter of this name' },

  'credentials-missing': { status: 401, summary: 'neither a token nor a client certificate was presented' },
  'credentials-malformed': { status: 401, summary: 'the Authorization header is not one Bearer token' },
  'token-malformed': { status: 401, summary: 'the token is not a signed JWT (RFC 7519, JWS compact form)' },
  'token-issuer-unknown': { status: 401, summary: "no configured issuer has the token's iss" },
  'token-algorithm': { status: 401, summary: "the issuer does not allow the token's signature algorithm" },
  'token-key-unknown': { status: 401, summary: 'the issuer has no key that fits the token' },
  'token-signature': { status: 401, summary: "the token's signature does not verify" },
  'token-expired': { status: 401, summary: 'the token has expired' },
  'token-not-yet-valid': { status: 401, summary: 'the token is not valid yet' },
  'token-audience': { status: 401, summary: 'the token is for another audience' },
  'token-claims': { status: 401, summary: 'a required claim is missing or has the wrong type' },
  'identity-revoked': { status: 401, summary: 'the revocation file names the principal' },
  'token-confirmation': {
    status: 401,
    summary: "the token is bound to a certificate that is not the connection's (RFC 8705)",
  },
  'issuer-unavailable': { status: 503, summary: "the issuer's keys cannot be had" },
  'certificate-untrusted': { status: 401, summary: 'no configured issuer stands behind the client certificate' },
  'certificate-revoked': { status: 401, summary: 'the client certificate, or an authority above it, was revoked' },

  'admin-not-allowed': {
    status: 403,
    summary: 'no entry of admin.listener.allow gives the principal this page',
  },
  'binding-none': { status: 403, summary: 'no binding matches the principal' },
  'operation-not-allowed': { status: 403, summary: 'the role does not allow the operation' },
  'owner-unknown': {
    status: 403,
    summary: "the role is for the caller's own objects, and the binding's owner template gives no key for the caller",
  },
  'request-not-allowed': {
    status: 403,
    summary: 'the role allows the operation, and not something that the request asks for',
  },

  'policy-changed': {
    status: 403,
    summary: 'a reload changed the configuration, which no longer allows what was under way',
  },

  'rate-limited': { status: 429, summary: 'the caller, or all callers of the role, have asked too often' },
  'requests-too-many': { status: 429, summary: 'as many requests are under way as the role allows' },
  'sessions-too-many': { status: 429, summary: 'as many sessions are open as the role allows' },
  'upload-too-large': { status: 413, summary: 'the request body is larger than the role allows' },
  overloaded: { status: 503, summary: 'the gate uses as much memory as it may, and takes nothing new for now' },

  'object-unknown': { status: 404, summary: "there is no such object, or it is somebody else's" },
  'name-taken': { status: 409, summary: 'somebody else has the name or image reference' },
  'quota-exceeded': { status: 409, summary: 'the owner has as much already as its role allows' },
  'objects-unbounded': {
    status: 403,
    summary: 'the operation knows no owners, and the role has objects of its own only',
  },

  'content-type': { status: 415, summary: 'the content type is not one that the operation takes' },
  'content-encoding': { status: 415, summary: 'request bodies with a Content-Encoding are not taken' },
  'body-unexpected': { status: 400, summary: 'the operation takes no request body' },
  'body-malformed': { status: 400, summary: 'the request body cannot be read without doubt' },
  'body-field': { status: 400, summary: 'a field of the body has the wrong type' },
  'body-too-large': { status: 413, summary: 'the request body is larger than the operation may have' },
  'body-timeout': { status: 408, summary: 'the request body did not arrive in time' },
  'upgrade-unexpected': { status: 400, summary: 'the operation does not upgrade the connection' },
  'upgrade-malformed': {
    status: 400,
    summary: 'the upgrade request cannot be carried (framing, protocol, or pipelined behind another request)',
  },
  'expectation-unknown': { status: 417, summary: 'an Expect header other than 100-continue' },

  'record-unwritten': {
    status: 503,
    summary: 'audit.required: the record of a request that changes something could not be written, so it was not done',
  },
  'engine-unreachable': { status: 502, summary: "the Docker Engine's socket does not answer" },
  'engine-broken': { status: 502, summary: 'the Docker Engine broke off or sent what is not HTTP' },
  'client-gone': { status: 499, summary: 'the client went away before the answer was complete' },
  'session-ended': { status: 503, summary: 'an operator ended what was under way (`dockgate sessions end`)' },
  'shutting-down': { status: 503, summary: 'the gate is shutting down' },
  internal: { status: 500, summary: 'an error of the gate itself' },
} as const satisfies Record<string, { status: number; summary: string }>

export type ReasonCode = keyof typeof REASONS
