/** The part of an inspector connection that a heap snapshot needs; any transport of `platform/cdp` has it. */
export interface InspectorSession {
  /** Rejects when the target answers with an error or the connection ends. */
  send(method: string, params?: Readonly<Record<string, unknown>>): Promise<unknown>
  /** Returns the function that removes the listener. */
  on(event: string, listener: (params: unknown) => void): () => void
}
