/*
 * The same bodies in every run, unless the environment says otherwise: ORACLE_SEED is another number to start from,
 * ORACLE_TIMES makes so many times as many bodies.
 */

export const SEED = Number(process.env.ORACLE_SEED ?? 1)
export const TIMES = Number(process.env.ORACLE_TIMES ?? 1)
