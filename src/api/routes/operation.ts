import { Readable } from 'node:stream'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { SUBSYSTEMS } from '../../ports/telemetry.ts'
import { ApiError } from '../errors.ts'
import { LogLevels, StorageView } from '../observe-types.ts'
import { type Route, route } from '../route.ts'

/** For whoever runs the node. */
export const operationRoutes: readonly Route[] = [
  route({
    path: '/metrics',
    operationId: 'getMetrics',
    tag: 'operation',
    summary: 'Metrics in the text format of Prometheus',
    answer: Type.String(),
    type: 'text/plain; version=0.0.4; charset=utf-8',
    handle: ({ view }) => view.metrics(),
  }),
  route({
    path: '/v1/storage',
    operationId: 'getStorage',
    tag: 'operation',
    summary: 'Where the disk goes',
    answer: StorageView,
    handle: ({ view }) => view.storage(),
  }),
  route({
    path: '/v1/log-levels',
    operationId: 'getLogLevels',
    tag: 'operation',
    summary: 'What is logged',
    answer: LogLevels,
    handle: ({ view }) => view.logLevels(),
  }),
  route({
    method: 'PUT',
    path: '/v1/log-levels',
    operationId: 'setLogLevels',
    tag: 'operation',
    summary: 'Change what is logged, until the next start',
    description: 'Answers what holds from now on.',
    body: Type.Object(LogLevels.properties, { description: '{"default": "info", "subsystems": {"sync": "debug"}}' }),
    answer: LogLevels,
    errors: [413, 415],
    needsToken: true,
    handle: ({ view }, { body }) => {
      if (!Value.Check(LogLevels, body))
        throw new ApiError(
          400,
          'bad-body',
          `send {"default": "info", "subsystems": {"sync": "debug"}}: each level debug, info, warn or error; subsystems are ${SUBSYSTEMS.join(', ')}`,
        )
      view.setLogLevels({ default: body.default, subsystems: body.subsystems })
      return view.logLevels()
    },
  }),
  route({
    path: '/v1/backup',
    operationId: 'getBackup',
    tag: 'operation',
    summary: 'Genesis and store as they are at one moment, as `quorate restore` reads them',
    description: 'No key and no guard is in it.',
    answer: Type.String(),
    type: 'application/octet-stream',
    needsToken: true,
    handle: ({ view }) => Readable.from(view.backup(), { objectMode: false }),
  }),
]
