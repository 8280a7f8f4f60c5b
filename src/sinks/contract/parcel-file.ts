/** One file that is sent. */
export interface ParcelFile {
  readonly name: string
  readonly contentType: string
  readonly bytes: Buffer
  readonly sha256: string
}

/** The page among what people read; null where there is none. */
export function pageOf({ reports }: { readonly reports: readonly ParcelFile[] }): ParcelFile | null {
  return reports.find(({ contentType }) => contentType.startsWith('text/html')) ?? null
}
