// Records what a person would see and hear: the sound of the call, and the mouth of the face, picture by picture.
() => {
  const video = document.querySelector('[data-testid=avatar-video]')
  const probe = { sound: [], frames: [], rate: 0 }
  window.__probe = probe
  const context = new AudioContext({ sampleRate: 16000 })
  probe.rate = context.sampleRate
  const source = context.createMediaStreamSource(video.srcObject)
  const tap = context.createScriptProcessor(1024, 1, 1)
  tap.onaudioprocess = (event) => {
    const samples = event.inputBuffer.getChannelData(0)
    const whole = new Int16Array(samples.length)
    for (let i = 0; i < samples.length; i++) whole[i] = Math.max(-1, Math.min(1, samples[i])) * 32767
    probe.sound.push([performance.now() - (1000 * samples.length) / context.sampleRate, Array.from(whole)])
  }
  source.connect(tap)
  tap.connect(context.destination)
  const canvas = document.createElement('canvas')
  canvas.width = 48
  canvas.height = 32
  const paper = canvas.getContext('2d', { willReadFrequently: true })
  const look = (now, frame) => {
    const w = video.videoWidth
    const h = video.videoHeight
    paper.drawImage(video, 0.34 * w, 0.56 * h, 0.32 * w, 0.22 * h, 0, 0, 48, 32)
    const rgba = paper.getImageData(0, 0, 48, 32).data
    const grey = []
    for (let i = 0; i < rgba.length; i += 4) grey.push((rgba[i] + rgba[i + 1] + rgba[i + 2]) / 3)
    probe.frames.push([frame.expectedDisplayTime, grey.map(Math.round)])
    video.requestVideoFrameCallback(look)
  }
  video.requestVideoFrameCallback(look)
}
