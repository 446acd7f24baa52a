import { z } from 'zod'

const text = z.string().max(1024)
const texts = z.array(text).max(1024).optional()
const most = z.union([z.number().nonnegative(), z.literal('unlimited')])
const yes = z.literal(true).optional()

const limits = z
  .object({
    memory: most.optional(),
    memorySwap: most.optional(),
    cpus: most.optional(),
    pids: most.optional(),
    shmSize: most.optional(),
    stopTimeout: most.optional(),
    ulimits: z.record(z.string().regex(/^[a-z]{1,16}$/), most).optional(),
  })
  .optional()

const mount = z.strictObject({
  type: text,
  source: text.optional(),
  target: text,
  readOnly: z.boolean(),
  propagation: text.optional(),
  size: z.number().positive().optional(),
  options: texts,
})

/** `asked` of a record: what the request asks for, by the keys of a role. docs/records.md describes each. */
export const askedSchema = z.strictObject({
  images: texts,
  imageById: yes,
  mounts: z.array(mount).max(1024).optional(),
  volumes: texts,
  networks: texts,
  capabilities: texts,
  devices: z
    .array(z.strictObject({ path: text, permissions: text }))
    .max(1024)
    .optional(),
  gpus: z.strictObject({ count: most.optional(), devices: texts, drivers: texts }).optional(),
  hostNamespaces: texts,
  privileged: yes,
  runtimes: texts,
  securityOptions: texts,
  sysctls: texts,
  ports: texts,
  user: text.optional(),
  groups: texts,
  logDrivers: texts,
  logOptions: yes,
  restart: texts,
  limits,
  labels: z.number().optional(),
  autoRemove: yes,
  hostFields: texts,
  unknownFields: texts,
  exec: z
    .strictObject({ user: text.optional(), privileged: yes, command: text.optional(), environment: texts })
    .optional(),
  attachInput: yes,
  build: z
    .object({
      buildkit: yes,
      networks: texts,
      remotes: texts,
      arguments: texts,
      cacheFrom: texts,
      outputs: texts,
      entitlements: texts,
      limits,
    })
    .optional(),
  tags: texts,
  pull: texts,
  push: texts,
  credentials: yes,
  transfer: texts,
  archive: z.strictObject({ get: texts, put: texts }).optional(),
  cut: yes,
})
