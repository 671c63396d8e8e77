import { QuorateError } from '../base/errors.ts'

/** What the API answers instead of what was asked: an HTTP status, and `{"error": {"code", "message"}}` as body. */
export class ApiError extends QuorateError {
  readonly status: number
  constructor(status: number, code: string, message: string) {
    super(code, message)
    this.status = status
  }
}

/** Any error of a request as one that may be shown. What nobody expected stays inside: its text is for the log. */
export function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  // The node is alive but cannot do it now: store full, shutting down.
  if (error instanceof QuorateError) return new ApiError(503, error.code, error.message)
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError(413, 'body-too-large', 'the body is larger than any call may be: send fewer transactions at a time')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError(415, 'not-json', 'send the body as JSON, with the header content-type: application/json')
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return new ApiError(400, 'bad-json', 'the body is no JSON')
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_ASYNC_CONSTRAINT':
      return new ApiError(400, 'bad-url', 'the address of the request is malformed')
    default:
      if (error instanceof SyntaxError) return new ApiError(400, 'bad-json', 'the body is no JSON')
      return new ApiError(500, 'internal', 'the node met a mistake of its own; its log says more')
  }
}

export const errorBody = ({ code, message }: { readonly code: string; readonly message: string }) => ({ error: { code, message } })
