package sample

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"sync"

	"anlan/internal/blob"
	"anlan/internal/document"
	"anlan/internal/kernel"
	"anlan/licensing/rule"
)

// papers makes the documents that applicants hand in: one page each, 样例
// across it, the same for everybody, so that the store keeps each once.
type papers struct {
	mu   sync.Mutex
	made map[string][]byte // by title
}

func (p *papers) of(title string, on kernel.Date) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pdf, ok := p.made[title]; ok {
		return pdf, nil
	}
	pdf, err := document.RenderPaper(document.Paper{
		Letterhead: "样例材料", Title: title, Watermark: "样例", MadeAt: on,
		Body:   []document.Block{document.Paragraph("本文件由样例城市自动生成，只用于演示，不具有任何证明效力。")},
		Footer: "样例数据",
	})
	if err != nil {
		return nil, err
	}
	if p.made == nil {
		p.made = map[string][]byte{}
	}
	p.made[title] = pdf
	return pdf, nil
}

// portrait is a drawn head and shoulders, where a photograph is asked for.
func portrait(mime string) ([]byte, error) {
	const width, height = 358, 441 // two inches, 小二寸
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	ground, figure := color.RGBA{225, 233, 243, 255}, color.RGBA{120, 136, 156, 255}
	for y := range height {
		for x := range width {
			dx, head := x-width/2, y-170
			shoulders := (y - height) * 3 / 2
			c := ground
			if dx*dx+head*head < 85*85 || dx*dx+shoulders*shoulders < 165*165 {
				c = figure
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	if mime == blob.PNG {
		err := png.Encode(&b, img)
		return b.Bytes(), err
	}
	err := jpeg.Encode(&b, img, nil)
	return b.Bytes(), err
}

// upload is a file for a material, with its name: a page where that is taken,
// else a picture.
func (p *papers) upload(m rule.Material, on kernel.Date) (name string, file []byte, err error) {
	switch {
	case len(m.Types) == 0, slices.Contains(m.Types, blob.PDF):
		file, err = p.of(m.Title.ZH, on)
		return "样例" + m.Title.ZH + ".pdf", file, err
	case slices.Contains(m.Types, blob.JPEG):
		file, err = portrait(blob.JPEG)
		return "样例" + m.Title.ZH + ".jpg", file, err
	}
	file, err = portrait(blob.PNG)
	return "样例" + m.Title.ZH + ".png", file, err
}
