export function agentStatus(startTicks?: number | null): Record<string, unknown>
