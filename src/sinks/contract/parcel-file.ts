/** One file that is sent. */
export interface ParcelFile {
  readonly name: string
  readonly contentType: string
  readonly bytes: Buffer
  readonly sha256: string
}
