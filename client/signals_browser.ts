/** Browsers end no program by a signal: stands in for `signals.ts` in their bundles. */
export function onStopSignals(_stop: () => void, _until: AbortSignal): void {}
