/** For the command line, which may not reach into the adapters. */
export { createTelemetry } from '../adapters/telemetry.ts'
