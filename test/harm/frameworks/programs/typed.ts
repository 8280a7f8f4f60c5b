enum Colour {
  Red = 'red',
}
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
async function main(): Promise<void> {
  await wait(50)
  console.log(`typed ${Colour.Red}`)
  process.exitCode = 6
}
void main()
