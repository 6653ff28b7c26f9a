// Replaces the microphone: window.__say(base64 of 16 bit samples, 48 kHz mono) plays a recording over the noise of a room.
(() => {
  const audio = new AudioContext({ sampleRate: 48000 })
  const room = audio.createMediaStreamDestination()
  const play = (samples, loop) => {
    const buffer = audio.createBuffer(1, samples.length, 48000)
    buffer.copyToChannel(samples, 0)
    const source = new AudioBufferSourceNode(audio, { buffer, loop })
    source.connect(room)
    source.start()
  }
  play(Float32Array.from({ length: 96000 }, () => (Math.random() - 0.5) / 4000), true)
  navigator.mediaDevices.getUserMedia = async () => room.stream.clone()
  window.__say = (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    play(Float32Array.from(new Int16Array(bytes.buffer), (sample) => sample / 32768), false)
  }
})()
