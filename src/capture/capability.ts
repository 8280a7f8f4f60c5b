/** Whether something serves a target: `yes`, or the reason in one sentence. Asked by name; no version checks elsewhere. */
export type Capability = 'yes' | { readonly no: string }
