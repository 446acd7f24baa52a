import { op } from './op.ts'

export const BUILDKIT_OPERATIONS = [
  op('Session', 'POST', '/session', 'buildkit', {
    stream: 'hijack',
    headers: [
      'x-docker-expose-session-uuid',
      'x-docker-expose-session-name',
      'x-docker-expose-session-sharedkey',
      'x-docker-expose-session-grpc-method',
      'x-buildkit-session-health-*',
    ],
    since: '1.31',
  }),
  op('Grpc', 'POST', '/grpc', 'buildkit', { stream: 'hijack', since: '1.40' }),
  // From API 1.53: gRPC in HTTP/2 on the engine's socket itself, past its routes and authorisation plugins.
  op('GrpcBuildkitControl', 'POST', '/moby.buildkit.v1.Control/{rpc}', 'buildkit', {
    stream: 'both',
    body: 'other',
    since: '1.53',
    carried: false,
  }),
  op('GrpcBuildkitGateway', 'POST', '/moby.buildkit.v1.frontend.LLBBridge/{rpc}', 'buildkit', {
    stream: 'both',
    body: 'other',
    since: '1.53',
    carried: false,
  }),
  op('GrpcContainerdContent', 'POST', '/containerd.services.content.v1.Content/{rpc}', 'buildkit', {
    stream: 'both',
    body: 'other',
    since: '1.53',
    carried: false,
  }),
  op('GrpcOtlpTraces', 'POST', '/opentelemetry.proto.collector.trace.v1.TraceService/{rpc}', 'buildkit', {
    stream: 'both',
    body: 'other',
    since: '1.53',
    carried: false,
  }),
] as const
