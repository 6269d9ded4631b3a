package workload

func (g *generator) playScenes() {}
