package dev.detr4j.image;

import dev.detr4j.error.ImageException;
import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.event.IIOReadUpdateListener;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** Decodes JPEG, PNG and repaired bitmaps with the JDK's own ImageIO readers. */
final class ImageIoReader {
  /** About as many bytes behind the last row as libjpeg-turbo wants to see (4 to 6 measured). */
  private static final int LOOK_AHEAD = 4;

  private ImageIoReader() {}

  static ImageView readPng(EncodedImage image) throws IOException {
    byte[] bytes = image.bytes();
    // Depth and colour type of the header chunk, which comes first.
    boolean grey16 = bytes.length > 25 && bytes[24] == 16 && bytes[25] == 0;
    return readBuffered(image, "png", PngChunks.decodable(image), grey16);
  }

  static ImageView readBitmap(EncodedImage image, InputStream normalised) throws IOException {
    return readBuffered(image, "bmp", normalised, false);
  }

  private static ImageView readBuffered(
      EncodedImage image, String format, InputStream stream, boolean cutGrey) throws IOException {
    ImageReader reader = jdkReader(format);
    try (MemoryCacheImageInputStream input = new MemoryCacheImageInputStream(stream)) {
      // Metadata may hold compressed text of any size, and none of it is needed.
      reader.setInput(input, true, true);
      PixelSize size = new PixelSize(reader.getWidth(0), reader.getHeight(0));
      MemorySegment rgb = image.allocate(size);
      DecodedPixels.toRgb(reader.read(0), rgb, image.name(), cutGrey);
      return ImageView.rgb(rgb, size.width(), size.height());
    } finally {
      reader.dispose();
    }
  }

  static ImageView readJpeg(EncodedImage image) throws IOException {
    JpegHeader header = JpegHeader.read(image);
    ImageReader reader = jdkReader("jpeg");
    try (EndNotingStream stream = new EndNotingStream(header.decodable(image.bytes()))) {
      reader.setInput(stream, true, true);
      PixelSize size = new PixelSize(reader.getWidth(0), reader.getHeight(0));
      MemorySegment rgb = image.allocate(size);
      Raster raster = reader.readRaster(0, null);
      if (stream.passedEnd() && !wholeBeforeEnd(image, header, size)) {
        throw new ImageException(image.name() + ": truncated JPEG image");
      }
      JpegPixels.toRgb(raster, header, rgb, image.name());
      return ImageView.rgb(rgb, size.width(), size.height());
    } finally {
      reader.dispose();
    }
  }

  /**
   * Whether the last row of a file without end marker is there before its bytes run out: it is
   * decoded a second time and watched, without the bytes that libjpeg-turbo wants to see ahead.
   * Several scans make no whole row before the last has ended, so for these the end marker is
   * needed.
   */
  private static boolean wholeBeforeEnd(EncodedImage image, JpegHeader header, PixelSize size)
      throws IOException {
    int shorter = image.bytes().length - LOOK_AHEAD;
    if (!header.oneScan() || shorter < header.scan()) {
      return false;
    }
    byte[] bytes = Arrays.copyOf(image.bytes(), shorter);
    ImageReader reader = jdkReader("jpeg");
    try (EndNotingStream stream = new EndNotingStream(header.decodable(bytes))) {
      LastRow lastRow = new LastRow(size.height() - 1, stream);
      reader.addIIOReadUpdateListener(lastRow);
      reader.setInput(stream, true, true);
      reader.readRaster(0, null);
      return lastRow.wasWhole;
    } finally {
      reader.dispose();
    }
  }

  /** A plug-in on the class path does not change pixels. */
  private static ImageReader jdkReader(String format) throws IOException {
    for (Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName(format);
        readers.hasNext(); ) {
      ImageReader reader = readers.next();
      if (reader.getClass().getModule() == ImageIO.class.getModule()) {
        return reader;
      }
    }
    throw new IOException("this Java has no ImageIO reader for " + format);
  }

  /**
   * Remembers whether the reader asked for more than there is: where a JPEG ends early, libjpeg
   * fills the rest with grey and only warns, in the language of the machine.
   */
  private static final class EndNotingStream extends MemoryCacheImageInputStream {
    private boolean passedEnd;

    EndNotingStream(InputStream bytes) {
      super(bytes);
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int count = super.read(target, offset, length);
      passedEnd |= count < 0;
      return count;
    }

    boolean passedEnd() {
      return passedEnd;
    }
  }

  /** Notes whether the stream had not run out when the last row came. */
  private static final class LastRow implements IIOReadUpdateListener {
    private final int row;
    private final EndNotingStream stream;
    private boolean wasWhole;

    LastRow(int row, EndNotingStream stream) {
      this.row = row;
      this.stream = stream;
    }

    @Override
    public void imageUpdate(
        ImageReader source,
        BufferedImage image,
        int minX,
        int minY,
        int width,
        int height,
        int periodX,
        int periodY,
        int[] bands) {
      wasWhole |= minY + height - 1 >= row && !stream.passedEnd();
    }

    @Override
    public void passStarted(
        ImageReader source,
        BufferedImage image,
        int pass,
        int minPass,
        int maxPass,
        int minX,
        int minY,
        int periodX,
        int periodY,
        int[] bands) {}

    @Override
    public void passComplete(ImageReader source, BufferedImage image) {}

    @Override
    public void thumbnailPassStarted(
        ImageReader source,
        BufferedImage thumbnail,
        int pass,
        int minPass,
        int maxPass,
        int minX,
        int minY,
        int periodX,
        int periodY,
        int[] bands) {}

    @Override
    public void thumbnailUpdate(
        ImageReader source,
        BufferedImage thumbnail,
        int minX,
        int minY,
        int width,
        int height,
        int periodX,
        int periodY,
        int[] bands) {}

    @Override
    public void thumbnailPassComplete(ImageReader source, BufferedImage thumbnail) {}
  }
}
