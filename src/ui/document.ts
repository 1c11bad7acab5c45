/** A command's JSON document: `document('config', …)` has the schema `kms-backup/config/1`. */
export function document(
  thing: string,
  fields: object,
): { readonly schema: string } & object {
  return { schema: `kms-backup/${thing}/1`, ...fields };
}
