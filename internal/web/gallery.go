package web

func galleryRoutes() []Route { return nil }
