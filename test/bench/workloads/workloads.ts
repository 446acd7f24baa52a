import { BULK } from './bulk.ts'
import { CONNECTIONS } from './connections.ts'
import { REQUESTS } from './requests.ts'
import type { Workload } from './workload.ts'

/** In the order in which they are measured and shown. */
export const WORKLOADS: readonly Workload[] = [...REQUESTS, ...BULK, ...CONNECTIONS]
