/** A client for one server as destinations use it; what it does is in `http/`. */
import type { Answer } from './answer.js'
import type { ParcelFile } from './parcel-file.js'

export interface HttpRequest {
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly json?: unknown
  readonly form?: readonly FormPart[]
  readonly bytes?: { readonly data: Uint8Array; readonly contentType: string }
  /** Statuses below 500 that are an answer and no refusal; all of 2xx are. */
  readonly accept?: readonly number[]
  /** The answer is JSON unless told otherwise. */
  readonly answers?: 'json' | 'text' | 'nothing'
}

export type FormPart = { readonly name: string } & ({ readonly text: string } | { readonly file: ParcelFile })

export interface HttpClient {
  get(path: string, request?: HttpRequest): Promise<Answer>
  send(method: 'POST' | 'PUT' | 'PATCH', path: string, request: HttpRequest): Promise<Answer>
}
